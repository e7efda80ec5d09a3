//! Who made a change is told in full, and not at all where it is not known.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use waxseal_platform::bytes::{bytes_to_os, bytes_to_path};
use waxseal_platform::names::Names;
use waxseal_platform::stat::Timestamp;

use super::super::{Account, Actor, ActorParent, Confidence, Event, FoundBy, Source};
use super::written;
use crate::change::{Action, Actions};
use crate::state::sample::NO_TEXT;

/// A number that no user and no group has.
const NOBODY: u32 = 4_000_000_007;

/// Returns a process of which everything is known.
pub(super) fn actor() -> Actor {
    Actor {
        start: Some(Timestamp::new(1_700_000_000, 0)),
        name: Some("vim".into()),
        executable: Some(PathBuf::from("/usr/bin/vim.basic")),
        args: vec!["vim".into(), "/etc/hosts".into()],
        working_directory: Some(PathBuf::from("/root")),
        parent: Some(ActorParent {
            pid: 122,
            name: Some("bash".into()),
            executable: Some(PathBuf::from("/usr/bin/bash")),
            start: None,
        }),
        account: Some(Account {
            uid: 0,
            euid: 0,
            gid: 0,
            egid: 0,
        }),
        login_uid: Some(NOBODY),
        session: Some(3),
        cgroup: Some("/user.slice".into()),
        ..Actor::new(123, Source::Proc, Confidence::Verified)
    }
}

fn told(actors: &[&Actor]) -> Value {
    written(&Event {
        actors,
        ..Event::new(
            Path::new("/f"),
            Actions::just(Action::Deleted),
            FoundBy::Watch,
        )
    })
}

/// Returns what is told of the user and the group of the number zero.
fn zero() -> [Value; 2] {
    let names = Names::new();
    [names.user(0), names.group(0)].map(|name| match name {
        Some(name) => json!({ "id": "0", "name": &*name }),
        None => json!({ "id": "0" }),
    })
}

#[test]
fn one_process_is_told_in_full() {
    let document = told(&[&actor()]);
    let [mut user, group] = zero();
    assert_eq!(
        document["process"],
        json!({
            "pid": 123, "name": "vim", "executable": "/usr/bin/vim.basic",
            "args": ["vim", "/etc/hosts"], "working_directory": "/root",
            "start": "2023-11-14T22:13:20Z",
            "parent": { "pid": 122, "name": "bash", "executable": "/usr/bin/bash" },
            "user": user, "group": group,
        })
    );
    user["audit"] = json!({ "id": NOBODY.to_string() });
    assert_eq!(document["user"], user);
    assert_eq!(document["group"], group);
    assert_eq!(
        document["waxseal"]["who"],
        json!({ "source": "proc", "confidence": "verified", "session": "3", "cgroup": "/user.slice" })
    );
    assert_eq!(document.get("container"), None);
}

#[test]
fn rights_are_told_where_they_are_others_than_the_own() {
    let mut actor = actor();
    actor.account = Some(Account {
        uid: NOBODY,
        euid: 0,
        gid: 0,
        egid: 0,
    });
    let document = told(&[&actor]);
    assert_eq!(document["user"]["id"], json!(NOBODY.to_string()));
    let [mut user, _] = zero();
    assert_eq!(document["user"]["effective"], user);
    assert_eq!(document["process"]["user"], user);
    actor.account = Some(Account {
        uid: 0,
        euid: 0,
        gid: 0,
        egid: NOBODY,
    });
    user["group"] = json!({ "id": NOBODY.to_string() });
    assert_eq!(told(&[&actor])["user"]["effective"], user);
}

#[test]
fn what_is_not_known_is_absent() {
    let document = told(&[&Actor::new(9, Source::Proc, Confidence::Verified)]);
    assert_eq!(document["process"], json!({ "pid": 9 }));
    for absent in ["user", "group", "container"] {
        assert_eq!(document.get(absent), None, "{absent}");
    }
    let nobody = told(&[]);
    assert_eq!(nobody.get("process"), None);
    assert_eq!(nobody.pointer("/waxseal/who"), None);
}

#[test]
fn of_several_processes_none_is_accused() {
    let (one, other) = (actor(), Actor::new(9, Source::Proc, Confidence::Verified));
    let document = told(&[&one, &other]);
    for absent in ["process", "user", "group"] {
        assert_eq!(document.get(absent), None, "{absent}");
    }
    assert_eq!(
        document["waxseal"]["who"],
        json!({
            "source": "proc", "confidence": "several",
            "processes": [
                { "pid": 123, "name": "vim", "executable": "/usr/bin/vim.basic" }, { "pid": 9 },
            ],
        })
    );
    let who = &told(&[&one, &one, &one, &one, &one, &other])["waxseal"]["who"];
    assert_eq!(who["processes"].as_array().unwrap().len(), 4);
    assert_eq!(who["others"], json!(2));
}

#[test]
fn names_that_are_no_text_stand_beside_their_bytes() {
    let odd = bytes_to_os(&[NO_TEXT, b"\n"].concat()).unwrap();
    let mut actor = actor();
    actor.name = Some(odd.clone());
    actor.executable = Some(bytes_to_path(&[b"/", NO_TEXT].concat()).unwrap());
    actor.working_directory = actor.executable.clone();
    actor.args = vec!["plain".into(), odd.clone()];
    actor.args_truncated = true;
    actor.cgroup = Some(odd);
    let document = told(&[&actor]);
    let expected = json!({
        "/process/name": "\\xed\\xa0\\x80\\n",
        "/process/name_bytes": "7aCACg==",
        "/process/executable": "/\\xed\\xa0\\x80",
        "/process/executable_bytes": "L+2ggA==",
        "/process/working_directory_bytes": "L+2ggA==",
        "/process/args": ["plain", "\\xed\\xa0\\x80\\n"],
        "/process/args_bytes": ["cGxhaW4=", "7aCACg=="],
        "/waxseal/who/args_truncated": true,
        "/waxseal/who/cgroup_bytes": "7aCACg==",
    });
    for (pointer, value) in expected.as_object().unwrap() {
        assert_eq!(document.pointer(pointer), Some(value), "{pointer}");
    }
}

#[test]
fn a_container_is_known_by_its_control_group() {
    let id = "0123456789abcdef".repeat(4);
    let table = [
        (format!("/system.slice/docker-{id}.scope"), true),
        (format!("/docker/{id}"), true),
        (
            format!("/kubepods/burstable/pod1/cri-containerd-{id}.scope"),
            true,
        ),
        (format!("/machine.slice/libpod-{id}.scope/container"), true),
        (format!("/user.slice/{id}0"), false),
        (format!("/user.slice/{}", id.to_uppercase()), false),
        ("/".to_owned(), false),
    ];
    for (cgroup, is_container) in table {
        let mut actor = actor();
        actor.cgroup = Some(cgroup.clone().into());
        let expected = is_container.then(|| json!({ "id": id }));
        assert_eq!(
            told(&[&actor]).get("container"),
            expected.as_ref(),
            "{cgroup}"
        );
    }
}
