//! The one integration binary: whole runs of `waxseal` on real trees. One topic a module.

mod cli;
mod util;
