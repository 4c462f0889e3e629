#ifndef RPCD_CPCRE2_H
#define RPCD_CPCRE2_H

/* The functions on UTF-8: they are imported under their real names, as pcre2_compile_8. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>

#endif
