//! The objects of a document that say who made a change: `process`, `user`, `group`, `container`
//! and `waxseal.who`.
//!
//! Names are those of ECS; `process.user`, `process.group` and `user.audit` are Auditbeat's. When
//! several processes touched the path since the last look, nobody can say whose work the change
//! is: then they are listed below `waxseal.who`, and the other objects are absent.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use waxseal_platform::bytes::os_to_bytes;
use waxseal_platform::names::Names;

use super::actor::{Account, Actor, ActorParent};
use super::text::{Name, Shown, Time, bytes, exact};

/// Processes listed when there are several; of more only the number is told.
const LISTED: usize = 4;

/// Digits of a container's id.
const CONTAINER_ID: usize = 64;

/// Writes a name, and its bytes beside it when they are no text.
fn name<M: SerializeMap>(map: &mut M, keys: [&str; 2], name: &OsStr) -> Result<(), M::Error> {
    let [key, bytes_key] = keys;
    map.serialize_entry(key, &Name(name))?;
    match exact(name) {
        Some(bytes) => map.serialize_entry(bytes_key, &Shown(bytes)),
        None => Ok(()),
    }
}

/// Writes what tells one process from others.
fn identity<M: SerializeMap>(
    map: &mut M,
    pid: u32,
    called: Option<&OsStr>,
    executable: Option<&OsStr>,
) -> Result<(), M::Error> {
    map.serialize_entry("pid", &pid)?;
    if let Some(called) = called {
        name(map, ["name", "name_bytes"], called)?;
    }
    if let Some(executable) = executable {
        name(map, ["executable", "executable_bytes"], executable)?;
    }
    Ok(())
}

/// The object `process`.
pub(super) struct ProcessObject<'a> {
    names: &'a Names,
    actor: &'a Actor,
}

impl Serialize for ProcessObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Actor {
            pid,
            start,
            name: called,
            executable,
            args,
            working_directory,
            parent,
            account,
            ..
        } = self.actor;
        let mut map = serializer.serialize_map(None)?;
        let executable = executable.as_deref().map(AsRef::as_ref);
        identity(&mut map, *pid, called.as_deref(), executable)?;
        if !args.is_empty() {
            map.serialize_entry("args", &Args(args, Name))?;
        }
        if args.iter().any(|arg| arg.to_str().is_none()) {
            map.serialize_entry("args_bytes", &Args(args, |arg| Shown(bytes(arg))))?;
        }
        if let Some(dir) = working_directory {
            let keys = ["working_directory", "working_directory_bytes"];
            name(&mut map, keys, dir.as_os_str())?;
        }
        if let Some(start) = start {
            map.serialize_entry("start", &Shown(Time(*start)))?;
        }
        if let Some(parent) = parent {
            map.serialize_entry("parent", &Parent(parent))?;
        }
        if let Some(Account { euid, egid, .. }) = account {
            map.serialize_entry("user", &Named::user(self.names, *euid))?;
            map.serialize_entry("group", &Named::group(self.names, *egid))?;
        }
        map.end()
    }
}

/// Arguments in one of their two forms.
struct Args<'a, F>(&'a [OsString], F);

impl<'a, F: Fn(&'a OsStr) -> T, T: Serialize> Serialize for Args<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|arg| (self.1)(arg)))
    }
}

struct Parent<'a>(&'a ActorParent);

impl Serialize for Parent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parent = self.0;
        let mut map = serializer.serialize_map(None)?;
        let executable = parent.executable.as_deref().map(AsRef::as_ref);
        identity(&mut map, parent.pid, parent.name.as_deref(), executable)?;
        if let Some(start) = parent.start {
            map.serialize_entry("start", &Shown(Time(start)))?;
        }
        map.end()
    }
}

/// A user or a group: number and, where there is one, name.
pub(super) struct Named(u32, Option<Arc<str>>);

impl Named {
    fn user(names: &Names, uid: u32) -> Named {
        Named(uid, names.user(uid))
    }

    fn group(names: &Names, gid: u32) -> Named {
        Named(gid, names.group(gid))
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("id", &Shown(self.0))?;
        match &self.1 {
            Some(name) => map.serialize_entry("name", &**name),
            None => Ok(()),
        }
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

/// The object `user`.
pub(super) struct UserObject<'a> {
    names: &'a Names,
    actor: &'a Actor,
}

impl Serialize for UserObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(account) = self.actor.account {
            Named::user(self.names, account.uid).write(&mut map)?;
            if account.uid != account.euid || account.gid != account.egid {
                map.serialize_entry("effective", &Effective(self.names, account))?;
            }
        }
        if let Some(login) = self.actor.login_uid {
            map.serialize_entry("audit", &Named::user(self.names, login))?;
        }
        map.end()
    }
}

/// The rights of a process that has others than its own.
struct Effective<'a>(&'a Names, Account);

impl Serialize for Effective<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Effective(names, account) = self;
        let mut map = serializer.serialize_map(None)?;
        Named::user(names, account.euid).write(&mut map)?;
        if account.gid != account.egid {
            map.serialize_entry("group", &Named::group(names, account.egid))?;
        }
        map.end()
    }
}

/// The object `waxseal.who`.
pub(super) struct Who<'a>(&'a [&'a Actor]);

impl Serialize for Who<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(first) = self.0.first() {
            map.serialize_entry("source", first.source.name())?;
        }
        match self.0 {
            [one] => one_actor(&mut map, one)?,
            several => several_actors(&mut map, several)?,
        }
        map.end()
    }
}

/// Writes what has no name in ECS.
fn one_actor<M: SerializeMap>(map: &mut M, actor: &Actor) -> Result<(), M::Error> {
    map.serialize_entry("confidence", actor.confidence.name())?;
    if actor.args_truncated {
        map.serialize_entry("args_truncated", &true)?;
    }
    if let Some(session) = actor.session {
        map.serialize_entry("session", &Shown(session))?;
    }
    match &actor.cgroup {
        Some(cgroup) => name(map, ["cgroup", "cgroup_bytes"], cgroup),
        None => Ok(()),
    }
}

fn several_actors<M: SerializeMap>(map: &mut M, actors: &[&Actor]) -> Result<(), M::Error> {
    map.serialize_entry("confidence", "several")?;
    let (listed, others) = actors.split_at(actors.len().min(LISTED));
    map.serialize_entry("processes", &Listed(listed))?;
    if others.is_empty() {
        return Ok(());
    }
    map.serialize_entry("others", &others.len())
}

struct Listed<'a>(&'a [&'a Actor]);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|actor| Brief(actor)))
    }
}

/// One process in a list.
struct Brief<'a>(&'a Actor);

impl Serialize for Brief<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let actor = self.0;
        let mut map = serializer.serialize_map(None)?;
        let executable = actor.executable.as_deref().map(AsRef::as_ref);
        identity(&mut map, actor.pid, actor.name.as_deref(), executable)?;
        map.end()
    }
}

/// The object `container`.
#[derive(Serialize)]
pub(super) struct Container<'a> {
    id: &'a str,
}

/// The objects of one document; absent are those of which nothing is known.
#[derive(Default)]
pub(super) struct Objects<'a> {
    pub(super) process: Option<ProcessObject<'a>>,
    pub(super) user: Option<UserObject<'a>>,
    pub(super) group: Option<Named>,
    pub(super) container: Option<Container<'a>>,
    pub(super) who: Option<Who<'a>>,
}

impl<'a> Objects<'a> {
    /// Returns the objects that say who touched a path.
    pub(super) fn of(names: &'a Names, actors: &'a [&'a Actor]) -> Objects<'a> {
        let who = (!actors.is_empty()).then_some(Who(actors));
        let &[actor] = actors else {
            return Objects {
                who,
                ..Objects::default()
            };
        };
        let has_user = actor.account.is_some() || actor.login_uid.is_some();
        let cgroup = actor.cgroup.as_deref().map(os_to_bytes);
        Objects {
            process: Some(ProcessObject { names, actor }),
            user: has_user.then_some(UserObject { names, actor }),
            group: actor
                .account
                .map(|account| Named::group(names, account.gid)),
            container: cgroup.and_then(container_id).map(|id| Container { id }),
            who,
        }
    }
}

/// Returns the id of the container whose control group this is.
///
/// Docker, containerd, CRI-O and podman all name the group after the id, some with words before
/// and behind it: `docker-ID.scope`, `kubepods/.../ID`, `libpod-ID.scope/container`.
fn container_id(cgroup: &[u8]) -> Option<&str> {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    cgroup
        .rsplit(|byte| b"/-.:".contains(byte))
        .find(|word| word.len() == CONTAINER_ID && word.iter().all(is_digit))
        .and_then(|word| std::str::from_utf8(word).ok())
}
