//! The scanner before a cluster that answers, refuses and fails.

mod contract;
mod drive;
mod faults;
mod finds;
mod house;
mod openbao;
mod refusals;
mod rights;
mod volume;
