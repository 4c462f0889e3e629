/* The header is all of it; a target has to have a file. */
