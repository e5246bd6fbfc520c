"""Step 5 of the walk and the loop around steps 6 and 7: samples become batches, batches move weights."""
