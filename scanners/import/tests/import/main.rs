//! The import scanner through its contract: coverage first, records second.

mod common;
mod csv;
mod damage;
mod equality;
mod native;
mod plan;
mod reference;
