@NullMarked
package io.vfio4j.engine.connection;

import org.jspecify.annotations.NullMarked;
