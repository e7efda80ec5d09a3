//! What NTFS has beside files and directories: streams, links of its kind, any name, access lists.
//!
//! Wine has none of it but access lists as far as mode bits go. With `WAXSEAL_WINE_NTFS` it is lent
//! to the programs of a test (`.ci/stand-ins/ntfs.c`).

use std::fs;

use crate::util::Sandbox;

#[test]
fn probe() {
    let sandbox = Sandbox::with(&[("file", "1"), ("dir/inner", "2")]);
    fs::write(sandbox.path("file:note"), "hello").unwrap();
    assert_eq!(fs::read_to_string(sandbox.path("file:note")).unwrap(), "hello");
    std::os::windows::fs::symlink_file("file", sandbox.path("link")).unwrap();
    assert_eq!(fs::read_to_string(sandbox.path("link")).unwrap(), "1");
    assert_eq!(fs::read_link(sandbox.path("link")).unwrap(), std::path::Path::new("file"));
    assert!(fs::symlink_metadata(sandbox.path("link")).unwrap().is_symlink());
    junction::create(sandbox.path("dir"), sandbox.path("junction")).unwrap();
    assert_eq!(fs::read_to_string(sandbox.path("junction/inner")).unwrap(), "2");
    let scan = sandbox.waxseal(&[std::ffi::OsStr::new("scan"), sandbox.tree().as_os_str()]);
    println!("{}\n{}", scan.stdout, scan.stderr);
    fs::write(sandbox.path("file:note"), "hello again").unwrap();
    fs::write(sandbox.path("dir:note"), "dirnote").unwrap();
    let scan = sandbox.waxseal(&[std::ffi::OsStr::new("scan"), std::ffi::OsStr::new("--format=ndjson"), sandbox.tree().as_os_str()]);
    println!("{}\n{}", scan.stdout, scan.stderr);
}
