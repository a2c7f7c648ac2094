// SPDX-License-Identifier: Apache-2.0
/** Loads the state of devices and the pages of memory at the target as they arrive, one thread per connection. */
@NullMarked
package io.vfio4j.engine.target;

import org.jspecify.annotations.NullMarked;
