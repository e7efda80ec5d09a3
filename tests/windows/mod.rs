//! Whole runs on Windows: what Unix does not have, and the first things that everybody does.

mod basics;
mod drives;
mod ntfs;
mod odd;
mod watching;

use std::{env, fs};

use crate::util::{Sandbox, action, changed_fields, file_path};

/// Says whether there is what NTFS has and Wine has not; otherwise says that a test is skipped.
fn is_ntfs() -> bool {
    let probe = Sandbox::with(&[("file", "")]);
    let is_written = fs::write(probe.path("file:stream"), "").is_ok();
    // Wine can make a second file of that name.
    let is_ntfs = is_written && fs::read_dir(probe.tree()).unwrap().count() == 1;
    let is_promised = env::var_os("WAXSEAL_WINE_NTFS").is_some();
    assert!(is_ntfs || !is_promised, "the stand-in does not work");
    if !is_ntfs {
        eprintln!("skipped: this file system has no streams and links");
    }
    is_ntfs
}

/// What a scan tells: action, name in the tree, and what else has changed than times and sizes.
type Told = (String, String, Vec<String>);

/// Scans, and returns what is told that was not told before.
fn told(sandbox: &Sandbox) -> Vec<Told> {
    let scan = sandbox.waxseal(&["scan", "--format=ndjson"]);
    assert!(scan.code < 2, "{}", scan.stderr);
    let mut told: Vec<Told> = scan
        .documents()
        .iter()
        .map(|event| {
            let mut fields = changed_fields(event);
            fields.retain(|field| !["mtime", "ctime", "size", "blocks"].contains(&field.as_str()));
            (
                action(event),
                sandbox.name(&file_path(event)).unwrap(),
                fields,
            )
        })
        .collect();
    told.sort();
    told
}

/// Returns what a scan should tell.
fn telling(action: &str, name: &str, fields: &[&str]) -> Told {
    let fields = fields.iter().map(|&field| field.to_owned()).collect();
    (action.to_owned(), name.to_owned(), fields)
}
