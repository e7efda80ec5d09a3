//! Services of Windows, through its service manager.

mod running;

pub(super) use running::run;

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceExitCode,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState,
    ServiceStatus, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{
    ERROR_FAILED_SERVICE_CONTROLLER_CONNECT, ERROR_INVALID_LEVEL, ERROR_SERVICE_ALREADY_RUNNING,
    ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_NOT_ACTIVE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_READ_ATTRIBUTES, READ_CONTROL,
};

use super::ServiceError;
use crate::acl::Intruder;
use crate::windows::{SHARE_ALL, code_of, descriptor_of, explain, user, verbatim};
use crate::{host, place, private, system_log};

/// The name of the service.
const NAME: &str = "waxseal";

/// Its name for people.
const TITLE: &str = "Waxseal file integrity monitor";

/// What it is for.
const DESCRIPTION: &str = "Watches files and directories for changes and keeps each difference \
     open until it is approved. `waxseal status` says how it is.";

/// What the program is called with.
const ARGUMENTS: [&str; 2] = ["service", "run"];

/// Where the manager keeps it.
const KEY: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\waxseal";

/// After how long it is started again when it failed: for the first time, the second, later.
const RESTARTS: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(300),
];

/// After how long without a failure the next one is the first again.
const FORGIVEN: Duration = Duration::from_secs(24 * 60 * 60);

/// How long it may take to end before the system does.
const PRESHUTDOWN: Duration = Duration::from_secs(60);

/// How often the manager is asked whether something is done. It has no way to wait for that but one
/// that needs a thread which sleeps "alertably".
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long it may take until anything goes on, at the least.
const PATIENCE: Duration = Duration::from_secs(30);

const NOT_CALLED: u32 = ERROR_FAILED_SERVICE_CONTROLLER_CONNECT;

pub(super) fn install(program: &Path) -> Result<PathBuf, ServiceError> {
    refuse_unsafe(program)?;
    let directory = host::default_state_dir().ok_or(ServiceError::NoManager(
        ", the directory for data of programs is unknown",
    ))?;
    let services = services(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)?;
    let wanted = description_of(program);
    let found = match services.open_service(NAME, ServiceAccess::ALL_ACCESS) {
        Ok(service) => Some(ours(service)?),
        Err(error) => match manager("look for the service", error) {
            ServiceError::NotInstalled => None,
            error => return Err(error),
        },
    };
    private::ensure_private_dir(&directory)
        .map_err(|error| ServiceError::Unsafe(error.to_string()))?;
    let (service, is_new) = match found {
        Some(service) => {
            let changed = service.change_config(&wanted);
            changed.map_err(|error| manager("change the service", error))?;
            (service, false)
        }
        None => {
            let created = services.create_service(&wanted, ServiceAccess::ALL_ACCESS);
            (
                created.map_err(|error| manager("create the service", error))?,
                true,
            )
        }
    };
    let settled = settle(&service);
    if settled.is_err() && is_new {
        // What is half done is undone; the error is that of the first trouble.
        let _ = service.delete();
        let _ = system_log::windows::unregister();
    }
    settled.map(|()| PathBuf::from(KEY))
}

/// Sets what a service is not created with.
fn settle(service: &Service) -> Result<(), ServiceError> {
    let restart = |delay| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay,
    };
    let restarts = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGIVEN),
        reboot_msg: None,
        command: None,
        actions: Some(RESTARTS.map(restart).into()),
    };
    known("describe the service", service.set_description(DESCRIPTION))?;
    let delayed = service.set_delayed_auto_start(true);
    known("delay the start of the service", delayed)?;
    let restarted = service.update_failure_actions(restarts);
    known("start the service again when it crashed", restarted)?;
    let restarted = service.set_failure_actions_on_non_crash_failures(true);
    known("start the service again when it failed", restarted)?;
    let waits = service.set_preshutdown_timeout(PRESHUTDOWN);
    known("give the service time to end with the system", waits)?;
    system_log::windows::register().map_err(|source| ServiceError::Manager {
        op: "register with the event log",
        source,
    })
}

/// Says what the service manager does not know of. Windows knows all of it, Wine does not.
fn known(op: &'static str, set: windows_service::Result<()>) -> Result<(), ServiceError> {
    match set.map_err(|error| manager(op, error)) {
        Err(ServiceError::Manager { source, .. }) if code_of(&source) == ERROR_INVALID_LEVEL => {
            // Where nobody listens there is nobody to tell.
            let text = format!("waxseal: warning: this service manager cannot {op}\n");
            let _ = io::stderr().write_all(text.as_bytes());
            Ok(())
        }
        set => set,
    }
}

pub(super) fn uninstall() -> Result<PathBuf, ServiceError> {
    let service = ours(open(ServiceAccess::ALL_ACCESS)?)?;
    end(&service)?;
    service
        .delete()
        .map_err(|error| manager("remove the service", error))?;
    system_log::windows::unregister().map_err(|source| ServiceError::Manager {
        op: "forget the service in the event log",
        source,
    })?;
    Ok(PathBuf::from(KEY))
}

pub(super) fn start() -> Result<(), ServiceError> {
    let service = open(ServiceAccess::START | ServiceAccess::QUERY_STATUS)?;
    match service.start::<&OsStr>(&[]) {
        Ok(()) => {}
        Err(error) => match manager("start the service", error) {
            ServiceError::Manager { source, .. }
                if code_of(&source) == ERROR_SERVICE_ALREADY_RUNNING => {}
            error => return Err(error),
        },
    }
    let status = wait(&service, ServiceState::StartPending)?;
    match status.current_state {
        ServiceState::Running => Ok(()),
        _ => Err(ServiceError::Ended(match status.exit_code {
            ServiceExitCode::Win32(code) | ServiceExitCode::ServiceSpecific(code) => code,
        })),
    }
}

pub(super) fn stop() -> Result<(), ServiceError> {
    end(&open(ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?)
}

pub(super) fn status() -> Result<bool, ServiceError> {
    let service = open(ServiceAccess::QUERY_STATUS | ServiceAccess::QUERY_CONFIG)?;
    let status = query(&service)?;
    let config = service
        .query_config()
        .map_err(|error| manager("ask for the service", error))?;
    let state = match (status.current_state, status.process_id) {
        (ServiceState::Running, Some(process)) => format!("running, process {process}"),
        (ServiceState::Running, None) => "running".to_owned(),
        (ServiceState::StartPending, _) => "starting".to_owned(),
        (ServiceState::StopPending, _) => "stopping".to_owned(),
        (ServiceState::Stopped, _) => match status.exit_code {
            ServiceExitCode::ServiceSpecific(code) => format!("ended with status {code}"),
            ServiceExitCode::Win32(0) => "stopped".to_owned(),
            ServiceExitCode::Win32(code) => {
                format!("stopped: {}", io::Error::from_raw_os_error(code as i32))
            }
        },
        (other, _) => format!("{other:?}"),
    };
    let starts = match config.start_type {
        ServiceStartType::AutoStart => "with the system",
        ServiceStartType::Disabled => "never, it is disabled",
        _ => "when asked to",
    };
    let program = config.executable_path.display();
    let text = format!("{NAME} - {TITLE}\n state: {state}\nstarts: {starts}\n calls: {program}\n");
    // Where nobody listens the answer is the exit status.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(status.current_state == ServiceState::Running)
}

fn description_of(program: &Path) -> ServiceInfo {
    ServiceInfo {
        name: NAME.into(),
        display_name: TITLE.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        // The crate quotes it: a path with a space would else name another program.
        executable_path: program.to_owned(),
        launch_arguments: ARGUMENTS.map(OsString::from).into(),
        dependencies: Vec::new(),
        // The system itself, which reads every file.
        account_name: None,
        account_password: None,
    }
}

/// Stops a service and waits until it has ended.
fn end(service: &Service) -> Result<(), ServiceError> {
    match service.stop() {
        Ok(_) => {}
        Err(error) => match manager("stop the service", error) {
            ServiceError::Manager { source, .. }
                if code_of(&source) == ERROR_SERVICE_NOT_ACTIVE =>
            {
                return Ok(());
            }
            error => return Err(error),
        },
    }
    wait(service, ServiceState::StopPending).map(drop)
}

/// Waits until a service is no longer in this state, as long as it tells that it gets on.
fn wait(service: &Service, pending: ServiceState) -> Result<ServiceStatus, ServiceError> {
    let mut moved = Instant::now();
    let mut last = None;
    loop {
        let status = query(service)?;
        if status.current_state != pending {
            return Ok(status);
        }
        if last != Some(status.checkpoint) {
            (last, moved) = (Some(status.checkpoint), Instant::now());
        }
        if moved.elapsed() > status.wait_hint.max(PATIENCE) {
            return Err(ServiceError::Hangs);
        }
        thread::sleep(ASK_EVERY);
    }
}

fn query(service: &Service) -> Result<ServiceStatus, ServiceError> {
    let status = service.query_status();
    status.map_err(|error| manager("ask for the service", error))
}

fn services(access: ServiceManagerAccess) -> Result<ServiceManager, ServiceError> {
    let services = ServiceManager::local_computer(None::<&OsStr>, access);
    services.map_err(|error| manager("reach the service manager", error))
}

fn open(access: ServiceAccess) -> Result<Service, ServiceError> {
    let service = services(ServiceManagerAccess::CONNECT)?.open_service(NAME, access);
    service.map_err(|error| manager("open the service", error))
}

/// Refuses a service of our name that calls something else.
fn ours(service: Service) -> Result<Service, ServiceError> {
    let config = service
        .query_config()
        .map_err(|error| manager("ask for the service", error))?;
    let command = config.executable_path.into_os_string();
    let tail = format!(" {}", ARGUMENTS.join(" "));
    match command.as_encoded_bytes().ends_with(tail.as_bytes()) {
        true => Ok(service),
        false => Err(ServiceError::Foreign(PathBuf::from(KEY))),
    }
}

/// Refuses a program that others could replace, or a directory above it: it would act as the system.
///
/// Beside the program others must not even make files, since it loads libraries from there.
fn refuse_unsafe(program: &Path) -> Result<(), ServiceError> {
    let failed = |op, path: &Path| {
        let path = path.to_owned();
        move |source| ServiceError::File { op, path, source }
    };
    let real = place::real(program).map_err(failed("look at", program))?;
    let user = user().map_err(failed("look at", program))?;
    for (height, path) in real.ancestors().enumerate() {
        let opened = verbatim(path).and_then(|path| {
            OpenOptions::new()
                .access_mode(READ_CONTROL | FILE_READ_ATTRIBUTES)
                .share_mode(SHARE_ALL)
                .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
                .open(path)
        });
        let opened = opened.map_err(failed("open", path))?;
        let descriptor = descriptor_of(&opened).map_err(failed("look at", path))?;
        let intruder = match height {
            0 | 1 => descriptor.intruder(user),
            _ => descriptor.displacer(user),
        };
        match intruder {
            None | Some(Intruder::Reader(_)) => {}
            Some(intruder) => {
                // What is above may hold much else: a drive is not closed for one program.
                let is_above = height > 1 || path.parent().is_none();
                return Err(replaceable(path, &intruder, is_above));
            }
        }
    }
    Ok(())
}

/// Says who could put another program in the place of ours, and what to do about it.
fn replaceable(path: &Path, intruder: &Intruder, is_above: bool) -> ServiceError {
    let (how, who, close) = explain(path, intruder);
    let mut text = format!(
        "{path:?} {how} {who}, who could let the system run anything; copy the program to a \
         directory below Program Files"
    );
    if !is_above {
        text.push_str(", or ");
        text.push_str(&close);
    }
    ServiceError::Unsafe(text)
}

/// Turns an error of the service manager into ours.
fn manager(op: &'static str, error: windows_service::Error) -> ServiceError {
    let source = match error {
        windows_service::Error::Winapi(source) => source,
        other => io::Error::other(other),
    };
    match source.kind() {
        io::ErrorKind::PermissionDenied => ServiceError::NotAllowed(op),
        _ if code_of(&source) == ERROR_SERVICE_DOES_NOT_EXIST => ServiceError::NotInstalled,
        _ => ServiceError::Manager { op, source },
    }
}
