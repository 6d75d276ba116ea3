//! Recordings: what a service said, without secrets, so that a run can be repeated without a network.
