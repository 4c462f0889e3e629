#ifndef RPCD_CARGON2_H
#define RPCD_CARGON2_H

#include <argon2.h>

// The flag is a macro with a cast, which Swift does not import.
static inline uint32_t rpcd_argon2_clear_password(void) { return ARGON2_FLAG_CLEAR_PASSWORD; }

#endif
