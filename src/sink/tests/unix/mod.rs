//! Modes, links, pipes and mounts of Unix.

mod full;
mod modes;
mod places;
