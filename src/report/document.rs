//! Reading back what `event` writes: paths, texts and times of a document.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use waxseal_platform::bytes::bytes_to_path;

/// Returns the document of a text, which `event` has written; `Null` when it is none.
pub fn parsed(document: &str) -> Value {
    serde_json::from_str(document).unwrap_or_default()
}

/// Returns the path a document is about, exactly.
pub fn path(document: &Value) -> Option<PathBuf> {
    // Events keep the bytes beside `file`, which has Auditbeat's fields only; notices inside it.
    let encoded = document.pointer("/waxseal/path_bytes");
    let encoded = encoded.or_else(|| document.pointer("/file/path_bytes"));
    exact(document.pointer("/file/path"), encoded)
}

/// Returns the path before a move or, if it was none, the same path.
pub fn earlier_path(document: &Value) -> Option<PathBuf> {
    let before = document.pointer("/waxseal/before")?;
    exact(before.get("path"), before.get("path_bytes"))
}

/// Returns when a document was written, as `2026-11-23 08:00:01Z`.
pub fn moment(document: &Value) -> String {
    let text = text(document, "/@timestamp").unwrap_or_default();
    match text.split_once('T') {
        Some((date, time)) => format!("{date} {}Z", time.get(..8).unwrap_or(time)),
        None => text.to_owned(),
    }
}

/// Returns a text of a document by its JSON pointer.
pub(super) fn text<'d>(document: &'d Value, pointer: &str) -> Option<&'d str> {
    document.pointer(pointer).and_then(Value::as_str)
}

fn exact(text: Option<&Value>, encoded: Option<&Value>) -> Option<PathBuf> {
    match encoded.and_then(Value::as_str) {
        Some(encoded) => bytes_to_path(&BASE64_STANDARD.decode(encoded).ok()?).ok(),
        None => text.and_then(Value::as_str).map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::NO_TEXT;
    use serde_json::json;

    #[test]
    fn a_path_that_is_not_utf8_comes_back_from_its_bytes() {
        let raw = [b"/a/", NO_TEXT].concat();
        let document = json!({
            "@timestamp": "2026-11-23T08:00:01.123456789Z",
            "file": { "path": "/a/\\xed\\xa0\\x80" },
            "waxseal": { "path_bytes": BASE64_STANDARD.encode(&raw),
                         "before": { "path": "/a/b" } },
        });
        assert_eq!(path(&document), Some(bytes_to_path(&raw).unwrap()));
        assert_eq!(earlier_path(&document), Some(PathBuf::from("/a/b")));
        assert_eq!(moment(&document), "2026-11-23 08:00:01Z");
        assert_eq!(path(&json!({})), None);
    }
}
