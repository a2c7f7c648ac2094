// SPDX-License-Identifier: Apache-2.0
/** The vfio-user protocol: messages, server, client. */
@NullMarked
package io.vfio4j.vfiouser;

import org.jspecify.annotations.NullMarked;
