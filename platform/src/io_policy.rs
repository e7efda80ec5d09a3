//! How macOS treats what this process reads: [`leave_files_alone`].

use std::sync::Once;

// From `sys/resource.h`; the libc crate has none of them.
const SCOPE_PROCESS: libc::c_int = 0;
const ATIME_UPDATES: libc::c_int = 2;
const ATIME_UPDATES_OFF: libc::c_int = 1;
const MATERIALIZE_DATALESS_FILES: libc::c_int = 3;
const MATERIALIZE_DATALESS_FILES_OFF: libc::c_int = 1;

unsafe extern "C" {
    safe fn setiopolicy_np(
        kind: libc::c_int,
        scope: libc::c_int,
        policy: libc::c_int,
    ) -> libc::c_int;
}

/// Sets, once, that reading changes no access time and fetches no content that is elsewhere.
///
/// A file whose content is with a cloud service (`offline` among its flags) then fails to be read
/// with `EDEADLK`, instead of being downloaded. A system that does not know a policy goes on as
/// before: access times are not compared by default.
pub(crate) fn leave_files_alone() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        setiopolicy_np(ATIME_UPDATES, SCOPE_PROCESS, ATIME_UPDATES_OFF);
        setiopolicy_np(
            MATERIALIZE_DATALESS_FILES,
            SCOPE_PROCESS,
            MATERIALIZE_DATALESS_FILES_OFF,
        );
    });
}
