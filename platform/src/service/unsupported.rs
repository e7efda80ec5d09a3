//! Systems whose service manager we do not know yet.

use std::path::{Path, PathBuf};

use super::ServiceError;

const NONE: ServiceError = ServiceError::NoManager(" yet");

pub(super) fn install(_program: &Path) -> Result<PathBuf, ServiceError> {
    Err(NONE)
}

pub(super) fn uninstall() -> Result<PathBuf, ServiceError> {
    Err(NONE)
}

pub(super) fn start() -> Result<(), ServiceError> {
    Err(NONE)
}

pub(super) fn stop() -> Result<(), ServiceError> {
    Err(NONE)
}

pub(super) fn status() -> Result<bool, ServiceError> {
    Err(NONE)
}

pub(super) fn run(work: Box<dyn FnOnce() -> u8 + Send>) -> Result<u8, ServiceError> {
    Ok(work())
}
