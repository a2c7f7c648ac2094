// SPDX-License-Identifier: Apache-2.0
/**
 * vfio-user servers and clients with the traits of other implementations. They are written from the specification
 * alone and share no protocol code with the client and server that they test.
 */
@NullMarked
package io.vfio4j.testkit.foreign;

import org.jspecify.annotations.NullMarked;
