@NullMarked
package io.vfio4j.vfiouser.server;

import org.jspecify.annotations.NullMarked;
