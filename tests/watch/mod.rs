//! `waxseal watch` on real trees: what is done to files is journalled as it happens.

#[cfg(unix)]
mod actions;
#[cfg(unix)]
mod clock;
mod conformance;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod life;
#[cfg(unix)]
mod model;
#[cfg(unix)]
mod patience;
#[cfg(unix)]
mod places;
mod running;
#[cfg(unix)]
mod saving;
#[cfg(unix)]
mod supervised;
#[cfg(unix)]
mod tree;
#[cfg(unix)]
mod vandal;

pub use running::Watch;

#[cfg(unix)]
use crate::random::Random;
