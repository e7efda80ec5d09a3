//! Whole runs on Windows: what Unix does not have, and the first things that everybody does.

mod basics;
mod ntfs;
mod odd;
mod watching;
