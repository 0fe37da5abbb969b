"""Everything that needs torch. A run's thread imports it when it starts; nothing here knows runs or widgets."""
