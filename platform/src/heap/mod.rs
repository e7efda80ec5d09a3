//! Memory that is free and yet held: [`limit_arenas`].

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use glibc as os;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod unsupported;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
use unsupported as os;

/// Lets the threads that start from now on share what they free, so that a process which starts
/// threads again and again does not grow by what each of them left.
///
/// It overrides `MALLOC_ARENA_MAX`. Arenas that exist already stay.
pub fn limit_arenas() {
    os::limit_arenas();
}
