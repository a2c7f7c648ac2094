// SPDX-License-Identifier: Apache-2.0
/** The connections of one side: frames over a transport, extra connections, heartbeat, acknowledgements. */
@NullMarked
package io.vfio4j.engine.connection;

import org.jspecify.annotations.NullMarked;
