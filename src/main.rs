//! The `waxseal` program: everything is in the library.

fn main() -> std::process::ExitCode {
    waxseal::cli::run(std::env::args_os())
}
