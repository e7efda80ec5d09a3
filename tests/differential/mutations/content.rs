//! Mutations of what files hold.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use super::super::disk::{self, set_mtime};
use super::super::world::World;
use super::{has_content, inherits_nothing, is_file, parent, without_set_id};

impl World {
    /// Writes to a file, in place; the kernel then drops what must not outlive a change.
    pub fn write(&mut self, path: &OsString, offset: usize, bytes: &[u8]) {
        self.will_change(path);
        let mut file = OpenOptions::new()
            .write(true)
            .open(self.real(path))
            .unwrap();
        file.seek(SeekFrom::Start(offset as u64)).unwrap();
        file.write_all(bytes).unwrap();
        let mut content = self.object(path).content.to_vec();
        content.resize(content.len().max(offset + bytes.len()), 0);
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.written(path, content);
    }

    /// Sets the length of a file.
    pub fn resize(&mut self, path: &OsString, size: usize) {
        self.will_change(path);
        let file = OpenOptions::new()
            .write(true)
            .open(self.real(path))
            .unwrap();
        file.set_len(size as u64).unwrap();
        let mut content = self.object(path).content.to_vec();
        content.resize(size, 0);
        self.written(path, content);
    }

    pub fn written(&mut self, path: &OsString, content: Vec<u8>) {
        let mtime = disk::mtime(&fs::symlink_metadata(self.real(path)).unwrap());
        let is_root = self.is_root;
        let object = self.object(path);
        object.content = Arc::from(content);
        object.mtime = mtime;
        object.capability = None;
        if !is_root {
            object.mode = without_set_id(object.mode);
        }
    }
}

pub fn append(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let size = 1 + world.random.below(5000);
    let bytes = world.random.bytes(size);
    let end = world.object(&path).content.len();
    world.write(&path, end, &bytes);
    Some(())
}

pub fn overwrite(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let size = world.object(&path).content.len();
    let offset = world.random.below(size + 1);
    let length = 1 + world.random.below(3000);
    let bytes = world.random.bytes(length);
    world.write(&path, offset, &bytes);
    Some(())
}

/// Changes one byte, and sets the time back as somebody does who has something to hide.
pub fn overwrite_in_secret(world: &mut World) -> Option<()> {
    let path = world.path(has_content)?;
    let object = world.object(&path);
    let (content, mtime) = (object.content.clone(), object.mtime);
    let offset = world.random.below(content.len());
    world.write(&path, offset, &[!content[offset]]);
    set_mtime(&world.real(&path), mtime);
    world.object(&path).mtime = mtime;
    Some(())
}

pub fn overwrite_with_same(world: &mut World) -> Option<()> {
    let path = world.path(has_content)?;
    let content = world.object(&path).content.clone();
    world.write(&path, 0, &content);
    Some(())
}

pub fn truncate(world: &mut World) -> Option<()> {
    let path = world.path(has_content)?;
    let size = world.object(&path).content.len();
    let less = world.random.below(size);
    world.resize(&path, less);
    Some(())
}

pub fn extend(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let size = world.object(&path).content.len();
    world.resize(&path, size + 100_000);
    Some(())
}

/// Saves as editors and package managers do: a new file is renamed over the old one.
pub fn replace(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    let dir = parent(&path);
    if !inherits_nothing(world, &dir) {
        return None;
    }
    let new = world.fresh(&dir, "file");
    world.create("file", &new);
    world.rename(&new, &path);
    Some(())
}

pub fn recreate(world: &mut World) -> Option<()> {
    let path = world.path(is_file)?;
    if !inherits_nothing(world, &parent(&path)) {
        return None;
    }
    let old = world.object(&path).clone();
    world.delete(&path);
    world.create("file", &path);
    world.resize(&path, 0);
    world.write(&path, 0, &old.content);
    world.chmod(&path, old.mode);
    if world.random.one_in(2) {
        set_mtime(&world.real(&path), old.mtime);
        world.object(&path).mtime = old.mtime;
    }
    Some(())
}
