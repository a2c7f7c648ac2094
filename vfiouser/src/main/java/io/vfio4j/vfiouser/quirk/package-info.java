// SPDX-License-Identifier: Apache-2.0
/** In which ways servers deviate from the protocol, as a client has observed. */
@NullMarked
package io.vfio4j.vfiouser.quirk;

import org.jspecify.annotations.NullMarked;
