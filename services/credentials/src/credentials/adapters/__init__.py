"""Everything outside the service, one file each, named technology_role."""
