"""What worker processes can be asked to do: one file a job, and its file name is the job's `kind`."""
