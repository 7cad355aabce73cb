"""What every Python adapter shares."""
