/* Between the library and an image. */
#pragma once

/* Every image has one. It is called with the platform up and must not return. */
void guest_main(void);
