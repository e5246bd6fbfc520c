"""One reader a file format; each turns a file into raw parts and says in one line what is wrong with a bad one."""
