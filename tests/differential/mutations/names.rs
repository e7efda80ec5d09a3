//! Mutations of names: what comes, goes, moves, and takes another's place.

use std::ffi::{OsStr, OsString};

use super::super::disk::is_at_or_below;
use super::super::world::World;
use super::{inherits_nothing, is_no_directory, parent};

pub fn rename(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let new = world.fresh(&parent(&path), "dir");
    world.rename(&path, &new);
    Some(())
}

pub fn rename_across(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    let dir = world.directory();
    let new = world.fresh(&dir, "dir");
    world.rename(&path, &new);
    Some(())
}

pub fn rename_directory(world: &mut World) -> Option<()> {
    let path = populated_directory(world)?;
    let dir = world.directory();
    if is_at_or_below(&dir, &path) {
        return None;
    }
    let new = world.fresh(&dir, "dir");
    world.rename(&path, &new);
    Some(())
}

pub fn rename_over(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    let id = world.model.paths[&path];
    let paths = world.paths(is_no_directory);
    let others: Vec<OsString> = paths
        .into_iter()
        .filter(|other| world.model.paths[other] != id)
        .collect();
    let other = world.random.pick_any(&others)?;
    world.rename(&path, &other);
    Some(())
}

pub fn swap(world: &mut World) -> Option<()> {
    let one = world.path(|_, _| true)?;
    let other = world.path(|path, _| !is_at_or_below(path, &one) && !is_at_or_below(&one, path))?;
    if world.model.paths[&one] == world.model.paths[&other] {
        return None;
    }
    let aside = world.fresh(OsStr::new(""), "dir");
    world.rename(&one, &aside);
    world.rename(&other, &one);
    world.rename(&aside, &other);
    Some(())
}

pub fn link(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    let dir = world.directory();
    let new = world.fresh(&dir, "file");
    world.link(&path, &new);
    Some(())
}

pub fn unlink(world: &mut World) -> Option<()> {
    let names = |world: &World, path: &OsString| {
        let id = world.model.paths[path];
        world
            .model
            .paths
            .values()
            .filter(|other| **other == id)
            .count()
    };
    let all = world.paths(is_no_directory);
    let several: Vec<OsString> = all
        .into_iter()
        .filter(|path| names(world, path) > 1)
        .collect();
    let path = world.random.pick_any(&several)?;
    world.delete(&path);
    Some(())
}

pub fn retarget(world: &mut World) -> Option<()> {
    let path = world.path(|_, object| object.kind == "symlink")?;
    world.delete(&path);
    world.create("symlink", &path);
    Some(())
}

pub fn retype(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    if !world.can_go(&path) || !inherits_nothing(world, &parent(&path)) {
        return None;
    }
    let old = world.object(&path).kind;
    let kinds = ["file", "dir", "symlink", "fifo"];
    let others: Vec<&'static str> = kinds.into_iter().filter(|kind| *kind != old).collect();
    let kind = world.random.pick(&others);
    world.delete(&path);
    world.create(kind, &path);
    Some(())
}

pub fn delete(world: &mut World) -> Option<()> {
    let path = world.path(is_no_directory)?;
    world.delete(&path);
    Some(())
}

pub fn delete_directory(world: &mut World) -> Option<()> {
    let path = populated_directory(world)?;
    world.can_go(&path).then(|| world.delete(&path))
}

pub fn create(world: &mut World) -> Option<()> {
    let kind = world
        .random
        .pick(&["file", "file", "dir", "symlink", "fifo", "socket"]);
    world.create_anywhere(kind);
    Some(())
}

pub fn create_directory(world: &mut World) -> Option<()> {
    let dir = world.create_anywhere("dir");
    for kind in ["file", "file", "symlink", "dir"] {
        let path = world.fresh(&dir, kind);
        world.create(kind, &path);
    }
    Some(())
}

pub fn create_device(world: &mut World) -> Option<()> {
    world.create_anywhere("char_device");
    Some(())
}

pub fn move_and_back(world: &mut World) -> Option<()> {
    let path = world.path(|_, _| true)?;
    let aside = world.fresh(OsStr::new(""), "dir");
    world.rename(&path, &aside);
    world.rename(&aside, &path);
    Some(())
}

/// Returns a directory that has entries.
fn populated_directory(world: &mut World) -> Option<OsString> {
    let all = world.paths(|_, object| object.kind == "dir");
    let full = all
        .into_iter()
        .filter(|path| world.at_and_below(path).len() > 1);
    let full: Vec<OsString> = full.collect();
    world.random.pick_any(&full)
}
