//! Windows: paths below a directory that nobody can rename while it is open here.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileTimes, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileTimesExt as _, OpenOptionsExt as _};
use std::os::windows::io::AsHandle as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_GENERIC_READ,
    FILE_GENERIC_WRITE, FILE_LIST_DIRECTORY, FILE_READ_ATTRIBUTES, FILE_SHARE_READ,
    FILE_SHARE_WRITE, FILE_STANDARD_INFO, FILE_WRITE_DATA, MOVEFILE_REPLACE_EXISTING,
    MOVEFILE_WRITE_THROUGH, MoveFileExW, READ_CONTROL,
};

use super::AppendError;
use crate::acl::Intruder;
use crate::nt::{fill, identity};
use crate::windows::{
    Private, SHARE_ALL, create_file, descriptor_of, explain, succeeded, user, verbatim, wide_path,
};

/// What makes a directory; whom it then lets in is checked.
pub(super) const MAKE: &str = "mkdir";

/// Reading is for the end of the last line. Who may append but not write appends always.
const ACCESS: u32 = FILE_GENERIC_READ | (FILE_GENERIC_WRITE & !FILE_WRITE_DATA);

/// Opens the object that has the name, not what it links to.
const ITSELF: u32 = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;

#[derive(Debug)]
pub(super) struct Place {
    /// Open so that nobody renames the directory, nor one above it.
    _dir: File,
    /// In the form without reserved names: `con` is a file there.
    dir_path: PathBuf,
    name: OsString,
}

pub(super) type Identity = (u64, u128);

impl Place {
    pub(super) fn open(path: &Path) -> Result<Place, AppendError> {
        let not_a_file = || AppendError::NotAFile {
            path: path.to_owned(),
            kind: "directory",
        };
        let (parent, name) = path.parent().zip(path.file_name()).ok_or_else(not_a_file)?;
        let shown = match parent {
            none if none.as_os_str().is_empty() => Path::new("."),
            some => some,
        };
        let failed = |op| move |error: io::Error| AppendError::io(op, shown, error);
        let dir_path = verbatim(shown).map_err(failed("open"))?;
        let opened = OpenOptions::new()
            .access_mode(FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | READ_CONTROL)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
            .custom_flags(ITSELF)
            .open(&dir_path);
        let dir = match opened {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(AppendError::NoDirectory {
                    path: path.to_owned(),
                    dir: shown.to_owned(),
                });
            }
            Err(error) => return Err(failed("open")(error)),
        };
        let found = dir.metadata().map_err(failed("look at"))?;
        if !found.is_dir() || found.file_type().is_symlink() {
            return Err(AppendError::NotADirectory {
                path: shown.to_owned(),
            });
        }
        refuse_foreign(shown, &dir)?;
        Ok(Place {
            _dir: dir,
            dir_path,
            name: name.to_owned(),
        })
    }

    pub(super) fn open_file(&self) -> Result<(File, Identity), AppendError> {
        let path = self.dir_path.join(&self.name);
        let failed = |op| {
            let path = path.clone();
            move |error: io::Error| AppendError::io(op, &path, error)
        };
        let opened = OpenOptions::new()
            .append(true)
            .access_mode(ACCESS)
            .share_mode(SHARE_ALL)
            .custom_flags(ITSELF)
            .open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(&path).map_err(failed("create"))?
            }
            Err(error) => {
                // Directories and links may be refused before they are recognised.
                if let Ok(found) = path.symlink_metadata() {
                    refuse_no_file(&path, &found)?;
                }
                return Err(failed("open")(error));
            }
        };
        let found = file.metadata().map_err(failed("look at"))?;
        refuse_no_file(&path, &found)?;
        refuse_foreign(&path, &file)?;
        let identity = identity(file.as_handle()).map_err(failed("look at"))?;
        Ok((file, identity))
    }

    pub(super) fn holds(&self, file: &File, known: &Identity) -> Result<bool, AppendError> {
        let path = self.dir_path.join(&self.name);
        // A removed file keeps its name until its last handle is closed, which is ours.
        let standard: FILE_STANDARD_INFO =
            fill(file.as_handle()).map_err(|error| AppendError::io("look at", &path, error))?;
        if standard.DeletePending {
            return Ok(false);
        }
        let opened = OpenOptions::new()
            .access_mode(FILE_READ_ATTRIBUTES)
            .share_mode(SHARE_ALL)
            .custom_flags(ITSELF)
            .open(&path);
        match opened.and_then(|file| identity(file.as_handle())) {
            Ok(found) => Ok(found == *known),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(AppendError::io("look at", &path, error)),
        }
    }

    pub(super) fn has(&self, name: &OsStr) -> Result<bool, AppendError> {
        let path = self.dir_path.join(name);
        match path.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(AppendError::io("look at", &path, error)),
        }
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), AppendError> {
        let from = self.dir_path.join(from);
        let failed = |error| AppendError::io("rename", &from, error);
        let old = wide_path(&from).map_err(failed)?;
        let new = wide_path(&self.dir_path.join(to)).map_err(failed)?;
        let flags = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
        // SAFETY: both paths end with a NUL and outlive the call.
        let moved = succeeded(unsafe { MoveFileExW(old.as_ptr(), new.as_ptr(), flags) });
        moved
            .or_else(|error| match error.kind() {
                // The way that does not mind if somebody has the replaced file open, a shipper of
                // logs for one, is not written through.
                io::ErrorKind::PermissionDenied => fs::rename(&from, self.dir_path.join(to)),
                _ => Err(error),
            })
            .map_err(failed)
    }

    pub(super) fn sync(&self) -> Result<(), AppendError> {
        // Windows has no such call for a directory. A rename is written through, and a new file's
        // name is in the file system's journal before the file's content can be flushed.
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    let file = create_file(path, ACCESS, &Private::for_object()?)?;
    // Within 15 seconds a new file inherits when one of the same name was made ("tunneling"), and
    // would be rotated again for its age.
    file.set_times(FileTimes::new().set_created(SystemTime::now()))?;
    Ok(file)
}

fn refuse_no_file(path: &Path, found: &Metadata) -> Result<(), AppendError> {
    let kind = match found.file_type() {
        link if link.is_symlink() => "link",
        directory if directory.is_dir() => "directory",
        _ => return Ok(()),
    };
    Err(AppendError::NotAFile {
        path: path.to_owned(),
        kind,
    })
}

/// Refuses what others may write to; reading is theirs, as of any log.
fn refuse_foreign(path: &Path, opened: &File) -> Result<(), AppendError> {
    let failed = |error| AppendError::io("look at", path, error);
    let descriptor = descriptor_of(opened).map_err(failed)?;
    match descriptor.intruder(user().map_err(failed)?) {
        None | Some(Intruder::Reader(_)) => Ok(()),
        Some(intruder) => {
            let (how, who, next) = explain(path, &intruder);
            Err(AppendError::OpenToOthers {
                path: path.to_owned(),
                how,
                who,
                next,
            })
        }
    }
}
