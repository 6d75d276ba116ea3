//! Sending against a tracker in memory with every fault we know of.

mod crash;
mod fake;
mod hand;
mod holds;
mod life;
mod sinks;
mod world;
