//! Rows S1 to S8: kills, full disks, second runs, damaged stores, scale, clocks, and a connector that panics or hangs.
