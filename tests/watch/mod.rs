//! `waxseal watch` on real trees: what is done to files is journalled as it happens.

mod actions;
mod clock;
mod conformance;
mod faults;
mod life;
mod model;
mod patience;
mod places;
mod running;
mod saving;
mod supervised;
mod tree;
mod vandal;

pub use running::Watch;

use crate::random::Random;
