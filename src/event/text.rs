//! Values of a document as text: paths and names, times, numbers.
//!
//! Everything here is written where it stands in the document; nothing is built first. A watch
//! writes tens of thousands of documents a second, each with some forty such values.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::path::Path;

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value;
use waxseal_platform::bytes::os_to_bytes;
use waxseal_platform::stat::{Timestamp, major, minor};

use crate::state::escape;

/// Returns a path as JSON text: itself when it is UTF-8, else its escaped form.
pub fn path_text(path: &Path) -> String {
    text(path.as_os_str()).into_owned()
}

/// Returns the bytes of a path in base64 when its text form does not determine them.
pub fn path_bytes(path: &Path) -> Option<Value> {
    exact(path.as_os_str()).map(|bytes| Value::String(bytes.to_string()))
}

/// Returns a time as RFC 3339 text in UTC, or as bare seconds beyond the year 9999.
pub fn time(at: Timestamp) -> Value {
    Value::String(Time(at).to_string())
}

/// Whatever prints, as a JSON string.
pub(super) struct Shown<T>(pub T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A path or a name as JSON text, like [`path_text`].
pub(super) struct Name<'n>(pub &'n OsStr);

impl<'n> Name<'n> {
    pub(super) fn of(path: &'n Path) -> Name<'n> {
        Name(path.as_os_str())
    }
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(self.0))
    }
}

/// The bytes of a name in base64.
pub(super) type Bytes<'n> = Base64Display<'n, 'static, base64::engine::GeneralPurpose>;

/// Returns the bytes of a name, whatever its text form.
pub(super) fn bytes(name: &OsStr) -> Bytes<'_> {
    Base64Display::new(os_to_bytes(name), &BASE64_STANDARD)
}

/// Returns the bytes of a name when its text form does not determine them.
pub(super) fn exact(name: &OsStr) -> Option<Bytes<'_>> {
    name.to_str().is_none().then(|| bytes(name))
}

/// A point in time, like [`time`].
pub(super) struct Time(pub Timestamp);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, nanos) = (self.0.secs(), self.0.nanos());
        match jiff::Timestamp::new(secs, i32::try_from(nanos).unwrap_or(0)) {
            Ok(instant) => instant.fmt(f),
            Err(_) => write!(f, "@{secs}.{nanos:09}"),
        }
    }
}

/// The number of a device as `major:minor`.
pub(super) struct Device(pub u64);

impl Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", major(self.0), minor(self.0))
    }
}

/// The bits of a mode in octal.
pub(super) struct Mode(pub u32);

impl Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

fn text(name: &OsStr) -> Cow<'_, str> {
    match name.to_str() {
        Some(text) => Cow::Borrowed(text),
        None => escape::bytes(os_to_bytes(name)),
    }
}
