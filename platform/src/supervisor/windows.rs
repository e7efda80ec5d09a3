//! The service manager of Windows, once it has called us.
//!
//! It wants to know by a growing number that a start or an end goes on, and may take each report
//! for the last one that it gets. So a service that ends never says again that it runs, and one
//! that has ended says nothing more.

use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    ServiceControlHandlerResult, ServiceStatusHandle, register,
};

use super::News;
use crate::signals::Asked;
use crate::signals::windows::{ask, belong_to_a_service};

/// How long the end may take.
const DRAINING: Duration = Duration::from_secs(60);

/// How long it may take until the first news of the start.
const BEGINNING: Duration = Duration::from_secs(30);

/// The manager that called this process.
static MANAGER: OnceLock<Manager> = OnceLock::new();

struct Manager {
    handle: ServiceStatusHandle,
    told: Mutex<Told>,
}

/// What the manager knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    phase: Phase,
    checkpoint: u32,
    wait: Duration,
}

/// The phases of a service, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Starting,
    Running,
    Stopping,
    Stopped(u8),
}

impl Told {
    const NOTHING: Told = Told {
        phase: Phase::Starting,
        checkpoint: 0,
        wait: BEGINNING,
    };

    /// Returns what is to be told after this, if anything: no phase comes back.
    fn next(self, phase: Phase, wait: Duration) -> Option<Told> {
        let is_pending = matches!(phase, Phase::Starting | Phase::Stopping);
        let is_over = matches!(self.phase, Phase::Stopped(_));
        if is_over || phase < self.phase || (phase == self.phase && !is_pending) {
            return None;
        }
        Some(Told {
            phase,
            checkpoint: match (is_pending, phase == self.phase) {
                (true, true) => self.checkpoint + 1,
                (true, false) => 1,
                (false, _) => 0,
            },
            wait,
        })
    }

    fn status(self) -> ServiceStatus {
        let (current_state, controls_accepted) = match self.phase {
            Phase::Starting => (ServiceState::StartPending, ServiceControlAccept::STOP),
            Phase::Running => (
                ServiceState::Running,
                // The system is about to end; the one who waits for that is told before others.
                ServiceControlAccept::STOP
                    | ServiceControlAccept::PRESHUTDOWN
                    | ServiceControlAccept::PARAM_CHANGE,
            ),
            Phase::Stopping => (ServiceState::StopPending, ServiceControlAccept::empty()),
            Phase::Stopped(_) => (ServiceState::Stopped, ServiceControlAccept::empty()),
        };
        ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state,
            controls_accepted,
            exit_code: match self.phase {
                Phase::Stopped(code) if code != 0 => ServiceExitCode::ServiceSpecific(code.into()),
                _ => ServiceExitCode::NO_ERROR,
            },
            checkpoint: self.checkpoint,
            wait_hint: self.wait,
            process_id: None,
        }
    }
}

impl Manager {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a phase, unless it is over; says whether it was told.
    fn tell(&self, phase: Phase, wait: Duration) -> io::Result<bool> {
        let mut told = self.told();
        let Some(next) = told.next(phase, wait) else {
            return Ok(false);
        };
        *told = next;
        let sent = self.handle.set_service_status(next.status());
        sent.map_err(io::Error::other).map(|()| true)
    }

    /// Takes what the manager wants.
    fn control(&self, control: &ServiceControl) -> ServiceControlHandlerResult {
        let asked = match control {
            ServiceControl::Interrogate => return ServiceControlHandlerResult::NoError,
            ServiceControl::Stop | ServiceControl::Preshutdown | ServiceControl::Shutdown => {
                // Asked once more, it is not in more of a hurry.
                if self.told().phase >= Phase::Stopping {
                    return ServiceControlHandlerResult::NoError;
                }
                // If this cannot be told, `Stopped` will.
                let _ = self.tell(Phase::Stopping, DRAINING);
                Asked::Stop
            }
            ServiceControl::ParamChange => Asked::Reload,
            _ => return ServiceControlHandlerResult::NotImplemented,
        };
        match ask(asked) {
            Ok(()) => ServiceControlHandlerResult::NoError,
            Err(error) => ServiceControlHandlerResult::Other(crate::windows::code_of(&error)),
        }
    }
}

/// Takes the controls of a service from now on, and says that it starts.
pub(crate) fn serve(name: &str) -> io::Result<()> {
    belong_to_a_service();
    let control = |control| match MANAGER.get() {
        Some(manager) => manager.control(&control),
        // Before the first report nothing but a question is sent.
        None => ServiceControlHandlerResult::NoError,
    };
    let handle = register(name, control).map_err(io::Error::other)?;
    let manager = MANAGER.get_or_init(|| Manager {
        handle,
        told: Mutex::new(Told::NOTHING),
    });
    manager.tell(Phase::Starting, BEGINNING).map(drop)
}

/// Says whether the service manager has called us.
pub(crate) fn is_service() -> bool {
    MANAGER.get().is_some()
}

/// Says that the service has ended. The process may be ended right after that.
pub(crate) fn stopped(code: u8) -> io::Result<()> {
    match MANAGER.get() {
        Some(manager) => manager.tell(Phase::Stopped(code), Duration::ZERO).map(drop),
        None => Ok(()),
    }
}

#[derive(Debug)]
pub(super) struct Supervisor;

impl Supervisor {
    pub(super) fn find() -> Option<Supervisor> {
        is_service().then_some(Supervisor)
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        None
    }

    pub(super) fn tell(&self, news: &[News]) -> io::Result<()> {
        let Some(manager) = MANAGER.get() else {
            return Ok(());
        };
        for one in news {
            match one {
                News::Starting(patience) => manager.tell(Phase::Starting, *patience)?,
                News::Ready => manager.tell(Phase::Running, Duration::ZERO)?,
                News::Stopping => manager.tell(Phase::Stopping, DRAINING)?,
                // Nobody looks after it, and nobody reads it: `waxseal status` tells.
                News::Alive | News::Status(_) => false,
            };
        }
        Ok(())
    }
}

pub(super) fn exit(code: u8) -> ! {
    // Untold, the manager notices that the process is gone.
    let _ = stopped(code);
    std::process::exit(code.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(1);

    fn after(phases: &[Phase]) -> Vec<(Phase, u32)> {
        let mut told = Told::NOTHING;
        let mut all = Vec::new();
        for &phase in phases {
            if let Some(next) = told.next(phase, WAIT) {
                told = next;
                all.push((told.phase, told.checkpoint));
            }
        }
        all
    }

    #[test]
    fn what_goes_on_is_counted_and_no_phase_comes_back() {
        use Phase::{Running, Starting, Stopped, Stopping};
        let told = after(&[
            Starting,
            Starting,
            Running,
            Running,
            Starting,
            Stopping,
            Running,
            Stopping,
            Stopped(4),
            Stopping,
            Stopped(0),
        ]);
        let expected = [
            (Starting, 1),
            (Starting, 2),
            (Running, 0),
            (Stopping, 1),
            (Stopping, 2),
            (Stopped(4), 0),
        ];
        assert_eq!(told, expected);
        assert_eq!(after(&[Stopped(0), Starting]), [(Stopped(0), 0)]);
    }

    #[test]
    fn the_exit_status_is_that_of_the_program() {
        let status = |code| {
            let told = Told::NOTHING
                .next(Phase::Stopped(code), Duration::ZERO)
                .unwrap();
            told.status()
        };
        assert_eq!(status(0).exit_code, ServiceExitCode::NO_ERROR);
        assert_eq!(status(4).exit_code, ServiceExitCode::ServiceSpecific(4));
        assert_eq!(status(4).current_state, ServiceState::Stopped);
        let running = Told::NOTHING.next(Phase::Running, WAIT).unwrap().status();
        assert!(
            running
                .controls_accepted
                .contains(ServiceControlAccept::STOP)
        );
    }
}
