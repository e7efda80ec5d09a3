//! What a tree holds as far as the test knows, and what must be told of two such trees:
//! [`Model`] and [`told`].
//!
//! Pure: nothing here looks at a file or uses the program's own code. The rules are those of
//! `docs` and of DESIGN section 7, written a second time: which fields count for which kind of
//! object, what is a move, and in which words all of it is reported.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Seconds and nanoseconds since 1970.
pub type Moment = (i64, u32);

/// The number by which a model knows an object, whatever its names.
pub type Id = usize;

/// One file system object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// In ECS words.
    pub kind: &'static str,
    pub content: Arc<[u8]>,
    pub target: Option<String>,
    /// Major and minor number of a device node.
    pub rdev: Option<(u32, u32)>,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: Moment,
    pub inode: u64,
    pub created: Moment,
    pub acl: Option<Acl>,
    pub default_acl: Option<Acl>,
    /// The number of the one capability it gives.
    pub capability: Option<u32>,
    pub xattrs: BTreeMap<String, String>,
    pub flags: Vec<&'static str>,
    /// How many names it has outside the tree.
    pub stashed: u64,
}

/// An ACL with one named user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acl {
    pub owner: u32,
    pub named: u32,
    pub group: u32,
    pub mask: u32,
    pub other: u32,
}

/// The user named in ACLs, whom no system knows.
pub const NAMED_USER: u32 = 54_321;

impl Acl {
    /// Returns the permission bits that go with this ACL.
    pub fn mode(self) -> u32 {
        self.owner << 6 | self.mask << 3 | self.other
    }

    /// Takes over new permission bits as `chmod` does.
    pub fn with_mode(self, mode: u32) -> Acl {
        Acl {
            owner: mode >> 6 & 7,
            mask: mode >> 3 & 7,
            other: mode & 7,
            ..self
        }
    }

    /// Returns the value of the extended attribute.
    pub fn bytes(self) -> Vec<u8> {
        let entries = [
            (0x01_u16, self.owner, u32::MAX),
            (0x02, self.named, NAMED_USER),
            (0x04, self.group, u32::MAX),
            (0x10, self.mask, u32::MAX),
            (0x20, self.other, u32::MAX),
        ];
        let mut bytes = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(u16::try_from(permissions).unwrap().to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    fn text(self) -> Value {
        let letters = |bits: u32| {
            let letter = |bit, letter| if bits & bit == 0 { '-' } else { letter };
            String::from_iter([letter(4, 'r'), letter(2, 'w'), letter(1, 'x')])
        };
        json!([
            format!("user::{}", letters(self.owner)),
            format!("user:{NAMED_USER}:{}", letters(self.named)),
            format!("group::{}", letters(self.group)),
            format!("mask::{}", letters(self.mask)),
            format!("other::{}", letters(self.other)),
        ])
    }
}

/// The capabilities that are given, by number.
pub const CAPABILITIES: [(u32, &str); 3] = [
    (10, "cap_net_bind_service=ep"),
    (13, "cap_net_raw=ep"),
    (19, "cap_sys_ptrace=ep"),
];

/// A tree: paths relative to its top, and the objects they name.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub paths: BTreeMap<OsString, Id>,
    pub objects: BTreeMap<Id, Object>,
}

impl Model {
    /// Returns the object at a path.
    pub fn at(&self, path: &OsString) -> Option<&Object> {
        self.paths.get(path).map(|id| &self.objects[id])
    }

    /// Returns how many names an object has.
    pub fn links(&self, id: Id) -> u64 {
        let names = self.paths.values().filter(|other| **other == id).count();
        names as u64 + self.objects[&id].stashed
    }

    /// Returns how many paths differ from those of another tree.
    pub fn differing(&self, base: &Model) -> u64 {
        let paths = self.paths.keys().chain(base.paths.keys());
        let unique: std::collections::BTreeSet<_> = paths.collect();
        let differing = unique.into_iter().filter(|path| drifts(base, self, path));
        differing.count() as u64
    }
}

/// What is told of one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub path: OsString,
    pub actions: Vec<String>,
    /// The path before a move.
    pub from: Option<OsString>,
    pub changed: Vec<String>,
    /// Whether it now differs from what was approved.
    pub drift: bool,
    pub file: Map<String, Value>,
    pub before: Option<Map<String, Value>>,
    /// What a move put an end to.
    pub replaced: Option<Map<String, Value>>,
}

/// Returns what must be told, in this order, of a tree that was `earlier` and is `now`, when
/// `base` was approved.
pub fn told(base: &Model, earlier: &Model, now: &Model) -> Vec<Told> {
    let moves = moves(earlier, now);
    let mut all: Vec<Told> = Vec::new();
    for (path, id) in &now.paths {
        let there = earlier.paths.get(path).copied();
        let event = match (moves.get(path), there) {
            (Some(from), there) => {
                let taken = moves.values().any(|from| from == path);
                let replaced = there.filter(|_| !taken);
                tell_move(earlier, now, (path, from), replaced)
            }
            (None, Some(before)) => {
                let changed = fields(earlier, before, now, *id);
                let event = tell(path, actions(&changed), (now, *id), Some((earlier, before)));
                (!changed.is_empty()).then_some(Told { changed, ..event })
            }
            (None, None) => Some(tell(path, vec!["created".to_owned()], (now, *id), None)),
        };
        all.extend(event.map(|event| {
            let left = moves
                .get(path)
                .filter(|from| !now.paths.contains_key(*from));
            let drift = drifts(base, now, path) || left.is_some_and(|from| drifts(base, now, from));
            Told { drift, ..event }
        }));
    }
    let has_moved = |path: &OsString| moves.values().any(|from| from == path);
    for (path, id) in &earlier.paths {
        if !now.paths.contains_key(path) && !has_moved(path) {
            let event = tell(path, vec!["deleted".to_owned()], (earlier, *id), None);
            let drift = drifts(base, now, path);
            all.push(Told { drift, ..event });
        }
    }
    all.sort_by(|one, other| one.path.cmp(&other.path));
    all
}

/// Returns for each path that an object has moved to the one it came from.
///
/// Names are paired in order, and each old name is used once; an object that is still at an old
/// name of its own has not moved from there.
fn moves(earlier: &Model, now: &Model) -> BTreeMap<OsString, OsString> {
    let mut left: BTreeMap<Id, VecDeque<&OsString>> = BTreeMap::new();
    for (path, id) in &earlier.paths {
        if now.paths.get(path) != Some(id) {
            left.entry(*id).or_default().push_back(path);
        }
    }
    let mut moves = BTreeMap::new();
    for (path, id) in &now.paths {
        if earlier.paths.get(path) == Some(id) {
            continue;
        }
        if let Some(from) = left.get_mut(id).and_then(VecDeque::pop_front) {
            moves.insert(path.clone(), from.clone());
        }
    }
    moves
}

fn tell(
    path: &OsString,
    actions: Vec<String>,
    (model, id): (&Model, Id),
    before: Option<(&Model, Id)>,
) -> Told {
    Told {
        path: path.clone(),
        actions,
        from: None,
        changed: Vec::new(),
        drift: false,
        file: shown(model, id),
        before: before.map(|(model, id)| shown(model, id)),
        replaced: None,
    }
}

fn tell_move(
    earlier: &Model,
    now: &Model,
    (path, from): (&OsString, &OsString),
    replaced: Option<Id>,
) -> Option<Told> {
    let id = now.paths[path];
    let changed = fields(earlier, id, now, id);
    let mut counted = changed.clone();
    counted.extend(
        replaced
            .iter()
            .flat_map(|old| fields(earlier, *old, now, id)),
    );
    let mut words = vec!["moved".to_owned()];
    words.extend(actions(&counted));
    let event = tell(path, words, (now, id), Some((earlier, id)));
    Some(Told {
        from: Some(from.clone()),
        changed,
        replaced: replaced.map(|old| shown(earlier, old)),
        ..event
    })
}

/// Says whether what is at a path differs from what was approved.
fn drifts(base: &Model, now: &Model, path: &OsString) -> bool {
    match (base.paths.get(path), now.paths.get(path)) {
        (None, None) => false,
        (Some(before), Some(after)) => !fields(base, *before, now, *after).is_empty(),
        _ => true,
    }
}

fn actions(changed: &[String]) -> Vec<String> {
    let is_content = |field: &String| field.starts_with("hash.") || field == "type";
    let mut actions = Vec::new();
    if changed.iter().any(is_content) {
        actions.push("updated".to_owned());
    }
    if !changed.iter().all(is_content) {
        actions.push("attributes_modified".to_owned());
    }
    actions
}

/// Returns the fields in which two objects differ, in the order of reports.
fn fields(earlier: &Model, before: Id, now: &Model, after: Id) -> Vec<String> {
    let (a, b) = (&earlier.objects[&before], &now.objects[&after]);
    let both = |kind: &str| a.kind == kind && b.kind == kind;
    let no_directory = a.kind != "dir" && b.kind != "dir";
    let links = earlier.links(before) != now.links(after);
    let table = [
        ("type", a.kind != b.kind),
        ("size", both("file") && a.content.len() != b.content.len()),
        ("inode", a.inode != b.inode),
        ("links", no_directory && links),
        ("mode", a.mode != b.mode),
        ("uid", a.uid != b.uid),
        ("gid", a.gid != b.gid),
        ("mtime", no_directory && a.mtime != b.mtime),
        ("created", a.created != b.created),
        ("attributes", a.flags != b.flags),
        ("rdev", both("char_device") && a.rdev != b.rdev),
        ("target_path", both("symlink") && a.target != b.target),
        ("posix_acl_access", a.acl != b.acl),
        ("posix_acl_default", a.default_acl != b.default_acl),
        ("capability", a.capability != b.capability),
    ];
    let differing = table.into_iter().filter(|(_, differs)| *differs);
    let mut fields: Vec<String> = differing.map(|(name, _)| name.to_owned()).collect();
    let names: std::collections::BTreeSet<&String> =
        a.xattrs.keys().chain(b.xattrs.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| a.xattrs.get(*name) != b.xattrs.get(*name));
    fields.extend(differing.map(|name| format!("extended_attributes.{name}")));
    if both("file") && a.content != b.content {
        fields.push("hash.sha256".to_owned());
    }
    fields
}

/// Returns the part of a `file` object that the model knows.
fn shown(model: &Model, id: Id) -> Map<String, Value> {
    let object = &model.objects[&id];
    let mut file = Map::new();
    let mut put = |key: &str, value: Value| file.insert(key.to_owned(), value);
    put("type", json!(object.kind));
    put("mode", json!(format!("{:04o}", object.mode)));
    put("uid", json!(object.uid.to_string()));
    put("gid", json!(object.gid.to_string()));
    put("inode", json!(object.inode.to_string()));
    put("created", json!(moment(object.created)));
    if object.kind != "dir" {
        put("links", json!(model.links(id)));
        put("mtime", json!(moment(object.mtime)));
    }
    if object.kind == "file" {
        put("size", json!(object.content.len()));
        put("hash", json!({ "sha256": sha256(&object.content) }));
    }
    for (bit, key) in [(0o4000, "setuid"), (0o2000, "setgid"), (0o1000, "sticky")] {
        if object.mode & bit != 0 {
            put(key, json!(true));
        }
    }
    if let Some(target) = &object.target {
        put("target_path", json!(target));
    }
    if let Some((major, minor)) = object.rdev {
        put("rdev", json!(format!("{major}:{minor}")));
    }
    if let Some(acl) = object.acl {
        put("posix_acl_access", acl.text());
    }
    if let Some(acl) = object.default_acl {
        put("posix_acl_default", acl.text());
    }
    if let Some(number) = object.capability {
        let text = CAPABILITIES.iter().find(|(known, _)| *known == number);
        put("capability", json!(text.unwrap().1));
    }
    if !object.xattrs.is_empty() {
        put("extended_attributes", json!(object.xattrs));
    }
    if !object.flags.is_empty() {
        put("attributes", json!(object.flags));
    }
    file
}

/// Returns a moment in a form that reported times are brought to as well.
pub fn moment((seconds, nanos): Moment) -> String {
    format!("{seconds}.{nanos:09}")
}

/// Returns a digest by another implementation than the program's.
pub fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
