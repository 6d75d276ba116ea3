//! Parse, call, exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(holdover::cli::main(std::env::args_os(), &holdover::cli::Environment::of_process()))
}
