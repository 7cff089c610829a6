/* What a hostile guest with a network does, for tests of whoever runs it. Returns only when nothing was asked for. */
#pragma once

void misbehave(void);
