@NullMarked
package io.vfio4j.vfiouser.client;

import org.jspecify.annotations.NullMarked;
