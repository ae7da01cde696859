/* cmocka.h - cmocka with the headers it wants before it */
#ifndef VX_TESTS_CMOCKA_H
#define VX_TESTS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
