//! What takes modes, owners, links and mounts of Unix.

mod places;
mod space;

use waxseal_platform::host;

/// Says on stderr that a test cannot run as this user.
fn is_root() -> bool {
    let is_root = host::is_privileged();
    if !is_root {
        eprintln!("skipped: needs root");
    }
    is_root
}
