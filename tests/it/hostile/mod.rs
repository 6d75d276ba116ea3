//! Whatever others wrote is only text, in every output. (Secrets they let slip are in `canaries`.)

pub(crate) mod inert;
