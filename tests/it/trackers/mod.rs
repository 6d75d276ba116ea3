//! Every tracker against a service that keeps tickets in its dialect, and against real ones where they run.

pub(crate) mod bench;
mod life;
mod lost;
mod program;
mod real;
mod sinks;
