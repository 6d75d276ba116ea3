//! Whole rosters through the front door.

mod cases;
mod kit;
