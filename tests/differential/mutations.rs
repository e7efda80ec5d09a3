//! What can happen to a tree: the [`MUTATIONS`], each done to the files and to the model.
//!
//! A mutation that finds nothing to be done to, or a filesystem that cannot do it, returns `None`.

mod attributes;
mod content;
mod names;

use std::ffi::OsString;

use super::disk::set_mtime;
use super::model::Object;
use super::world::World;

type Mutation = fn(&mut World) -> Option<()>;

/// Everything that can happen, and whether only root can do it.
pub const MUTATIONS: [(&str, bool, Mutation); 38] = [
    ("content appended", false, content::append),
    ("content overwritten", false, content::overwrite),
    (
        "content overwritten, times restored",
        false,
        content::overwrite_in_secret,
    ),
    (
        "same content written again",
        false,
        content::overwrite_with_same,
    ),
    ("truncated", false, content::truncate),
    ("extended by a hole", false, content::extend),
    ("replaced by a new file", false, content::replace),
    ("deleted and made again", false, content::recreate),
    ("mode", false, attributes::mode),
    ("owner", true, attributes::owner),
    ("group", true, attributes::group),
    ("xattr set", false, attributes::xattr_set),
    ("xattr removed", false, attributes::xattr_removed),
    ("trusted xattr", true, attributes::xattr_trusted),
    ("ACL set", false, attributes::acl_set),
    ("ACL removed", false, attributes::acl_removed),
    ("default ACL", false, attributes::default_acl),
    ("capability", true, attributes::capabilities),
    ("mtime", false, attributes::mtime),
    ("no_dump", false, attributes::no_dump),
    ("immutable", true, attributes::immutable),
    ("renamed", false, names::rename),
    ("moved to another directory", false, names::rename_across),
    (
        "directory with content moved",
        false,
        names::rename_directory,
    ),
    ("moved over another file", false, names::rename_over),
    ("two swapped", false, names::swap),
    ("hard link added", false, names::link),
    ("hard link removed", false, names::unlink),
    ("link retargeted", false, names::retarget),
    ("another kind", false, names::retype),
    ("deleted", false, names::delete),
    (
        "directory with content deleted",
        false,
        names::delete_directory,
    ),
    ("created", false, names::create),
    (
        "directory with content created",
        false,
        names::create_directory,
    ),
    ("device created", true, names::create_device),
    ("read", false, attributes::touch_atime),
    ("mode changed and back", false, attributes::touch_ctime),
    ("moved away and back", false, names::move_and_back),
];

impl World {
    /// Does so many random mutations.
    pub fn mutate(&mut self, number: usize) {
        for _ in 0..number {
            let (name, needs_root, mutation) = self.random.pick(&MUTATIONS);
            if (self.is_root || !needs_root) && mutation(self).is_some() {
                *self.done.entry(name).or_default() += 1;
            }
        }
    }

    /// Gives random attributes to so many objects, and old times to all when reports need it.
    pub fn decorate(&mut self, number: usize) {
        let all: [(bool, Mutation); 11] = [
            (true, attributes::owner),
            (true, attributes::group),
            (true, attributes::xattr_trusted),
            (true, attributes::capabilities),
            (false, attributes::xattr_set),
            (false, attributes::xattr_set),
            (false, attributes::acl_set),
            (false, attributes::default_acl),
            (false, attributes::mtime),
            (false, attributes::no_dump),
            (false, names::link),
        ];
        for _ in 0..number {
            let (needs_root, mutation) = self.random.pick(&all);
            if self.is_root || !needs_root {
                mutation(self);
            }
        }
        if self.manner.plain {
            for path in self.paths(|_, _| true) {
                let second = 1_000_000_000 + i64::try_from(self.random.below(1_000_000)).unwrap();
                set_mtime(&self.real(&path), (second, 0));
                self.object(&path).mtime = (second, 0);
            }
        }
    }
}

/// Returns the mode that is left when an ordinary user writes or anybody gives away.
fn without_set_id(mode: u32) -> u32 {
    match mode & 0o010 {
        0 => mode & !0o4000,
        _ => mode & !0o6000,
    }
}

fn is_file(_: &OsString, object: &Object) -> bool {
    object.kind == "file"
}

fn has_content(_: &OsString, object: &Object) -> bool {
    object.kind == "file" && !object.content.is_empty()
}

fn is_plain(_: &OsString, object: &Object) -> bool {
    matches!(object.kind, "file" | "dir")
}

fn is_no_directory(_: &OsString, object: &Object) -> bool {
    object.kind != "dir"
}

/// Says whether what is made in a directory starts without an ACL.
fn inherits_nothing(world: &World, dir: &OsString) -> bool {
    world
        .model
        .at(dir)
        .is_none_or(|object| object.default_acl.is_none())
}

/// Returns the directory of a path.
fn parent(path: &OsString) -> OsString {
    let parent = std::path::Path::new(path).parent().unwrap();
    parent.as_os_str().to_owned()
}
