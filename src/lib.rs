//! Tongguan, a single-window trade declaration gateway.
