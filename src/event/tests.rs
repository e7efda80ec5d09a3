//! Documents have the names and types of ECS and of Auditbeat's file events.

mod who;

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Value, json};
use waxseal_platform::bytes::bytes_to_path;
use waxseal_platform::names::Names;
use waxseal_platform::stat::{Kind, Timestamp};
use waxseal_platform::xattr::Xattrs;

use self::who::actor;
use super::{Event, FoundBy, Notice, NoticeAction, SHORT_LIVED, Writer, time};
use crate::change::{Action, Actions, diff};
use crate::policy::{Attributes, MonitorSpec, PathPattern, Policy, PolicySpec};
use crate::state::FileState;
use crate::state::sample::{self, NO_TEXT, file, with};

fn document(path: &Path, before: Option<&FileState>, after: Option<&FileState>) -> Value {
    let changed = match (before, after) {
        (Some(before), Some(after)) => diff(before, after, Attributes::DEFAULT),
        _ => Vec::new(),
    };
    let actions = match (before, after) {
        (None, _) => Actions::just(Action::Created),
        (_, None) => Actions::just(Action::Deleted),
        _ => Actions::of(&changed).unwrap(),
    };
    written(&Event {
        at: Timestamp::new(1_700_000_000, 5),
        before,
        after,
        changed,
        drift: true,
        ..Event::new(path, actions, FoundBy::Scan)
    })
}

fn written(event: &Event<'_>) -> Value {
    serde_json::from_str(&Writer::new().event(event, Some("id-1"))).unwrap()
}

#[test]
fn an_update_tells_what_changed_from_what_to_what() {
    let before = file(b"old");
    let after = with(&file(b"new!"), |s| s.stat.mode = 0o4755);
    let path = sample::path("/etc/app.conf");
    let document = document(&path, Some(&before), Some(&after));
    let expected = json!({
        "/@timestamp": "2023-11-14T22:13:20.000000005Z",
        "/event/id": "id-1",
        "/event/kind": "event",
        "/event/category": ["file"],
        "/event/module": "file_integrity",
        "/event/dataset": "file",
        "/event/action": ["updated", "attributes_modified"],
        "/event/type": ["change"],
        "/file/path": path,
        "/file/name": "app.conf",
        "/file/directory": sample::path("/etc"),
        "/file/extension": "conf",
        "/file/type": "file",
        "/file/size": 4,
        "/file/inode": "7",
        "/file/uid": "0",
        "/file/gid": "0",
        "/file/mode": "4755",
        "/file/setuid": true,
        "/file/mtime": "1970-01-01T00:00:20Z",
        "/waxseal/changed": ["size", "mode", "hash.sha256"],
        "/waxseal/before/size": 3,
        "/waxseal/before/mode": "0644",
        "/waxseal/before/path": path,
        "/waxseal/found_by": "scan",
        "/waxseal/drift": true,
    });
    for (pointer, value) in expected.as_object().unwrap() {
        assert_eq!(document.pointer(pointer), Some(value), "{pointer}");
    }
    let owner = document.pointer("/file/owner").and_then(Value::as_str);
    assert_eq!(owner, Names::new().user(0).as_deref());
    assert_eq!(document.pointer("/waxseal/before/setuid"), None);
    assert_ne!(
        document.pointer("/file/hash/sha256"),
        document.pointer("/waxseal/before/hash/sha256")
    );
}

#[test]
fn keys_stand_in_the_documented_order() {
    let (before, after) = (file(b"old"), file(b"new!"));
    let path = Path::new("/etc/app.conf");
    let text = Writer::new().event(
        &Event {
            before: Some(&before),
            after: Some(&after),
            changed: diff(&before, &after, Attributes::DEFAULT),
            tags: &["x"],
            actors: &[&actor()],
            ..Event::new(path, Actions::just(Action::Updated), FoundBy::Watch)
        },
        Some("id-1"),
    );
    // On Windows numbers of Unix have no names.
    let [owner, group] = match Names::new().user(0) {
        Some(_) => ["owner", "group"],
        None => [""; 2],
    };
    let mut rest = text.as_str();
    let keys = [
        "{\"@timestamp\"",
        "event",
        "id",
        "kind",
        "category",
        "module",
        "dataset",
        "action",
        "type",
        "file",
        "path",
        "name",
        "directory",
        "extension",
        "type",
        "size",
        "mode",
        "uid",
        owner,
        "gid",
        group,
        "links",
        "inode",
        "device",
        "blocks",
        "mtime",
        "ctime",
        "created",
        "accessed",
        "hash",
        "process",
        "user",
        "group",
        "waxseal",
        "changed",
        "drift",
        "found_by",
        "who",
        "before",
        "path",
        "hash",
        "tags",
        "service",
        "host",
        "agent",
        "ecs",
    ];
    for key in keys.into_iter().filter(|key| !key.is_empty()) {
        let key = format!("\"{}\":", key.trim_matches(['{', '"']));
        let at = rest.find(&key).unwrap_or_else(|| panic!("{key} in {rest}"));
        rest = &rest[at + key.len()..];
    }
}

#[test]
fn a_deletion_carries_the_last_known_state() {
    let document = document(Path::new("/f"), Some(&file(b"last")), None);
    assert_eq!(document["event"]["action"], json!(["deleted"]));
    assert_eq!(document["event"]["type"], json!(["deletion"]));
    assert_eq!(document["file"]["size"], json!(4));
    assert_eq!(document.pointer("/waxseal/before"), None);
}

#[test]
fn names_that_are_no_text_come_with_their_bytes() {
    let raw = [b"/d/", NO_TEXT, b"\n"].concat();
    let path = bytes_to_path(&raw).unwrap();
    let odd = document(&path, None, Some(&file(b"")));
    assert_eq!(odd["file"]["path"], json!("/d/\\xed\\xa0\\x80\\n"));
    assert_eq!(odd["waxseal"]["path_bytes"], json!("L2Qv7aCACg=="));
    let plain = document(Path::new("/d/\n"), None, Some(&file(b"")));
    assert_eq!(plain["file"]["path"], json!("/d/\n"));
    assert_eq!(plain.pointer("/waxseal/path_bytes"), None);
}

#[test]
fn extended_attributes_are_decoded_where_their_meaning_is_known() {
    let pairs = [
        (
            &b"security.selinux"[..],
            &b"system_u:object_r:etc_t:s0\0"[..],
        ),
        (b"user.note", b"text"),
        (b"user.blob", b"\x00\xff"),
        (b"user.look", b"0slike"),
        (b"system.posix_acl_access", b"broken"),
        (b"system.acl", b"!#acl 1\nuser:FFFF:eve:501:allow:write\n"),
        (
            b"com.apple.metadata:kMDItemWhereFroms",
            b"bplist00\xa1\x01\x5f\x10\x15https://example.org/a\x08\x0a\0\0\0\0\0\0\x01\x01\
              \0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x22",
        ),
    ];
    let owned = pairs
        .iter()
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    let state = with(&file(b""), |s| s.xattrs = Xattrs::from_pairs(owned));
    let document = document(Path::new(OsStr::new("/f")), None, Some(&state));
    assert_eq!(
        document["file"]["selinux"],
        json!("system_u:object_r:etc_t:s0")
    );
    assert_eq!(
        document["file"]["acl"],
        json!(["user:FFFF:eve:501:allow:write"])
    );
    assert_eq!(document["file"]["origin"], json!(["https://example.org/a"]));
    let expected = json!({
        "user.note": "text", "user.blob": "0sAP8=", "user.look": "0sMHNsaWtl",
        "system.posix_acl_access": "broken",
    });
    assert_eq!(document["file"]["extended_attributes"], expected);
}

#[test]
fn times_before_1970_and_beyond_9999_are_told() {
    assert_eq!(
        time(Timestamp::new(-1, 500_000_000)),
        json!("1969-12-31T23:59:59.5Z")
    );
    assert_eq!(
        time(Timestamp::new(10_000_000_000, 0)),
        json!("2286-11-20T17:46:40Z")
    );
    assert_eq!(
        time(Timestamp::new(i64::MAX, 1)),
        json!("@9223372036854775807.000000001")
    );
}

#[test]
fn notices_are_of_the_monitor_itself() {
    let notice = Notice::now(NoticeAction::Approved, "2 paths approved".to_owned())
        .about(Path::new("/f"))
        .with("user", json!({ "name": "root" }));
    let document: Value = serde_json::from_str(&Writer::new().notice(&notice, "id-2")).unwrap();
    assert_eq!(document["event"]["id"], json!("id-2"));
    assert_eq!(document["event"]["type"], json!(["info"]));
    assert_eq!(document["message"], json!("2 paths approved"));
    assert_eq!(document["agent"]["type"], json!("waxseal"));
    assert_eq!(document["event"]["module"], json!("waxseal"));
    assert_eq!(document["event"]["dataset"], json!("waxseal.notice"));
    assert_eq!(document["event"]["action"], json!("approved"));
    assert_eq!(document["user"]["name"], json!("root"));
    assert_eq!(document["file"]["path"], json!("/f"));
}

#[test]
fn what_came_and_went_is_told_by_its_place_alone() {
    let short_lived = |kind| {
        let event = Event {
            kind,
            backend: Some("fanotify"),
            tags: &[SHORT_LIVED],
            ..Event::new(
                Path::new("/tmp/a.txt"),
                Actions::came_and_went(),
                FoundBy::Watch,
            )
        };
        written(&event)
    };
    let unknown = short_lived(None);
    assert_eq!(unknown["event"]["action"], json!(["created", "deleted"]));
    assert_eq!(unknown["event"]["type"], json!(["creation", "deletion"]));
    assert_eq!(
        unknown["file"],
        json!({ "path": "/tmp/a.txt", "name": "a.txt", "directory": "/tmp", "extension": "txt" })
    );
    assert_eq!(
        unknown["waxseal"],
        json!({ "drift": false, "found_by": "watch", "backend": "fanotify" })
    );
    assert_eq!(unknown["tags"], json!(["short_lived"]));
    let dir = short_lived(Some(Kind::Directory));
    assert_eq!(dir["file"]["type"], json!("dir"));
    assert_eq!(dir["file"].get("extension"), None);
}

#[test]
fn tags_of_rule_and_event_are_told_once() {
    let path = &sample::path("/f");
    let mut monitor = MonitorSpec::new("m", vec![PathPattern::literal(path)]);
    monitor.tags = vec!["pci".to_owned(), SHORT_LIVED.to_owned()];
    let monitors = vec![monitor];
    let policy = Policy::compile(&PolicySpec { monitors }).unwrap();
    let event = Event {
        rule: policy.decide(path, Kind::File).watched(),
        tags: &["silent_change", SHORT_LIVED],
        ..Event::new(path, Actions::just(Action::Updated), FoundBy::Watch)
    };
    let expected = json!(["pci", "short_lived", "silent_change"]);
    assert_eq!(written(&event)["tags"], expected);
}
