//! glibc gives each thread an arena, up to eight for each processor, and an arena gives back only
//! what is free at its end; see mallopt(3).

/// One more than the main arena: with a single one the threads that write and look wait for each
/// other, with two they are as fast as with any number (`benches/compare/drain.py`).
const ARENAS: libc::c_int = 2;

pub(super) fn limit_arenas() {
    // SAFETY: the call takes two plain numbers, and takes the locks of the allocator itself.
    let taken = unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
    // It refuses only what it does not know.
    debug_assert_eq!(taken, 1);
}
