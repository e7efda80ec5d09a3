//! The same with links, permissions, mounts and times of creation as Unix has them.

mod compared;
mod links;
mod modes;
mod renames;
mod streams;

use super::Configured;
