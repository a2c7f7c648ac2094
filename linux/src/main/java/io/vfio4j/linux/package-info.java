// SPDX-License-Identifier: Apache-2.0
/** Native calls: libc, VFIO structs, file descriptors, sockets that pass them; kernel devices. */
@NullMarked
package io.vfio4j.linux;

import org.jspecify.annotations.NullMarked;
