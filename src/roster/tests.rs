//! Whole rosters through the front door.

mod archives;
mod cases;
mod damage;
mod directory;
mod gates;
mod kept;
mod kit;
mod secrets;
mod sources;
